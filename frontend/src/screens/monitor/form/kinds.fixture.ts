/** Kinds as the server describes them, cut down to one field of each type. */
import type { Field, KindForm } from "./fields";

type Some = Partial<Omit<Field, "path">> & { name: string };

const field = (some: Some): KindForm["fields"][number] => ({
  label: some.name,
  help: "",
  type: "text",
  section: "expect",
  required: false,
  secret: false,
  advanced: false,
  default: "",
  choices: null,
  example: null,
  min: null,
  max: null,
  max_chars: null,
  unit: "",
  items: null,
  when: null,
  variants: null,
  must_be: "",
  ...some,
});

const choices = (...values: string[]) => values.map((value) => ({ value, label: value }));

const part = (some: Some) => field(some);

const settings = [
  field({ name: "url", label: "URL", section: "target", required: true, example: "https://example.com" }),
  field({ name: "name", label: "Name", section: "target", required: true }),
  field({ name: "tags", label: "Tags", type: "tags", section: "target", default: [] }),
  field({ name: "interval_s", label: "Check every", type: "number", section: "schedule", default: 60, unit: "s" }),
  field({ name: "fail_after", label: "Down after", type: "number", section: "schedule", default: 2, unit: "failures" }),
  field({
    name: "regions",
    label: "Regions",
    type: "choices",
    section: "schedule",
    default: [],
    choices: choices("eu", "us"),
  }),
  field({
    name: "depends_on",
    label: "Depends on",
    type: "monitors",
    section: "schedule",
    default: [],
    advanced: true,
  }),
];

const degraded = field({ name: "degraded_ms", label: "Slow above", type: "number", default: null, unit: "ms" });
const auth = field({
  name: "auth",
  label: "Log in with",
  type: "variants",
  section: "request",
  advanced: true,
  default: null,
  variants: [
    {
      value: "basic",
      label: "User name and password",
      fields: [
        part({ name: "username", label: "User name", required: true }),
        part({ name: "password", label: "Password", type: "secret", secret: true, required: true }),
      ],
    },
    {
      value: "bearer",
      label: "Token",
      fields: [part({ name: "token", label: "Token", type: "secret", secret: true })],
    },
  ],
});

export const http: KindForm = {
  kind: "http",
  label: "HTTP",
  help: "Asks for a web address.",
  name_hint: "{host}",
  testable: true,
  settings,
  fields: [
    field({
      name: "method",
      label: "Method",
      type: "choice",
      section: "request",
      default: "GET",
      choices: choices("GET", "POST"),
    }),
    field({ name: "headers", label: "Headers", type: "headers", section: "request", advanced: true, default: {} }),
    field({
      name: "body",
      label: "Body",
      type: "textarea",
      section: "request",
      advanced: true,
      when: { field: "method", values: ["POST"] },
    }),
    auth,
    field({ name: "expected_status", label: "Status", default: "200-299" }),
    field({ name: "keyword", label: "Body contains" }),
    field({
      name: "keyword_absent",
      label: "Must not contain it",
      type: "switch",
      default: false,
      when: { field: "keyword", values: null },
    }),
    field({ name: "json_equals", label: "Value there", type: "json", advanced: true, default: null }),
    field({
      name: "tls_expiry_days",
      label: "Warn of expiry",
      type: "list",
      items: "number",
      default: [14],
      unit: "days",
    }),
    degraded,
  ],
};

export const dns: KindForm = {
  kind: "dns",
  label: "DNS",
  help: "Asks a name server.",
  name_hint: "{host} {record_type}",
  testable: true,
  settings,
  fields: [
    field({
      name: "record_type",
      label: "Record",
      type: "choice",
      section: "request",
      default: "A",
      choices: choices("A", "MX"),
    }),
    field({ name: "expected", label: "Expected", type: "list", items: "text", default: [] }),
    degraded,
  ],
};

export const heartbeat: KindForm = {
  kind: "heartbeat",
  label: "Heartbeat",
  help: "Waits to be called.",
  name_hint: "",
  testable: false,
  settings: settings.filter(({ name }) => !["url", "interval_s", "regions"].includes(name)),
  fields: [
    field({ name: "period_s", label: "Called every", type: "number", section: "schedule", default: null, unit: "s" }),
  ],
};
