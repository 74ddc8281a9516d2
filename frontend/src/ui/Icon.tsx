/** The app's icons: 16 px, one stroke. What an icon means is said beside it or as its button's label. */

const PATHS = {
  agent: "M2 3h12v8H2zM6 13.500h4",
  alerts: "M3.2 11.5h9.6l-1.3-2V6.3a3.5 3.5 0 0 0-7 0v3.2zM6.6 13.8h2.8",
  back: "M9.800 4l-4 4 4 4",
  bars: "M2.500 13.500v-4M6.200 13.500v-8M9.800 13.500V7.500M13.500 13.500v-11",
  calendar: "M2 3.5h12v10.5H2zM2 6.8h12M5 1.8v3M11 1.8v3",
  chat: "M2 3h12v8.500H7L4 14v-2.500H2z",
  check: "M13.500 8a5.500 5.500 0 1 1-1.700-4M13.500 1.800v3h-3",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.500 5.500h8v8h-8zM10.500 2.500h-8v8",
  down: "M4 6.2l4 4 4-4",
  edit: "M2.500 13.500l.7-3.200 7.800-7.800 2.500 2.500-7.800 7.800z",
  export: "M6.500 3H3v10h10V9.500M9.500 2.500h4v4M13.200 2.800L7.500 8.500",
  eye: "M1.500 8C3 5 5.300 3.500 8 3.500S13 5 14.500 8C13 11 10.700 12.500 8 12.500S3 11 1.500 8zM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  filter: "M2 4h12M4.500 8h7M7 12h2",
  forward: "M6.200 4l4 4-4 4",
  globe:
    "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM2 8h12M8 2c-3.500 3.500-3.500 8.500 0 12M8 2c3.500 3.500 3.500 8.500 0 12",
  hash: "M6 2L4.800 14M11.200 2L10 14M2.500 5.800h11.500M2 10.200h11.500",
  incidents: "M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2zM8 4.8v3.7M8 10.8v.4",
  key: "M5.200 13a2.700 2.700 0 1 0 0-5.400 2.700 2.700 0 0 0 0 5.400zM7.200 8.500l6-6M10.500 5.200l2 2",
  link: "M6.500 9.500l3-3M7.500 4.500L9 3a2.800 2.800 0 0 1 4 4l-1.500 1.500M8.500 11.500L7 13a2.800 2.800 0 0 1-4-4l1.500-1.500",
  lock: "M3.500 7h9v6.500h-9zM5.500 7V5a2.500 2.500 0 0 1 5 0v2",
  machine: "M3 5.500h10v7.500H3zM8 2.500v3M6 8.500v1.500M10 8.500v1.500",
  mail: "M1.800 3.500h12.400v9H1.800zM2 4l6 4.800L14 4",
  monitors: "M1.5 8h3l2-5 3 10 2-5h3",
  page: "M1.8 2.8h12.4v10.4H1.8zM1.8 5.8h12.4M4.5 8.5h7M4.5 10.8h4",
  pause: "M5.200 3.500v9M10.800 3.500v9",
  phone: "M4.500 1.500h7v13h-7zM7 12.300h2",
  plus: "M8 3v10M3 8h10",
  report: "M3.5 1.8h6l3 3v9.4h-9zM9.5 1.8v3h3M5.8 8h4.4M5.8 10.8h4.4",
  resume: "M4.500 3l8 5-8 5z",
  search: "M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM10.8 10.8l3.4 3.4",
  send: "M2 8l12-5.500L10.500 14 7.500 9z",
  signOut: "M6.500 2.500H3v11h3.500M6.500 8h7.500M11 5l3 3-3 3",
  sort: "M8 3v10M4.500 9.500L8 13l3.500-3.500",
  team: "M6 7.2a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8zM1.8 13.6c0-2.4 1.900-4 4.2-4s4.2 1.6 4.2 4M10.6 2.7a2.3 2.3 0 0 1 0 4.3M12 9.9c1.4.6 2.3 1.900 2.3 3.700",
  theme: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 2v12M8 5h3.500M8 8h6M8 11h3.500",
  tick: "M3 8.500l3.300 3.300L13 4.800",
  trash: "M3 4.500h10M6.500 4.500v-2h3v2M4.500 4.500l.6 9h5.800l.6-9",
  webhook: "M5.500 6.500L8 2.500l2.500 4M8 2.500v7M3 9.500v4h10v-4",
} as const;

const DOTS = {
  grip: "M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01",
  more: "M3.500 8h.01M8 8h.01M12.500 8h.01",
} as const;

export type IconName = keyof typeof PATHS | keyof typeof DOTS;

export function Icon({
  name,
  size = 16,
  className,
}: {
  name: IconName;
  size?: number;
  className?: string | undefined;
}) {
  const dots = name in DOTS;
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={dots ? 2.2 : 1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className={className}
    >
      <path d={dots ? DOTS[name as keyof typeof DOTS] : PATHS[name as keyof typeof PATHS]} />
    </svg>
  );
}

export function Brand({ size = 18 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 18 18"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M1.500 9.500h3.200L7 3.500l4 11 2.300-5h3.200" />
    </svg>
  );
}
