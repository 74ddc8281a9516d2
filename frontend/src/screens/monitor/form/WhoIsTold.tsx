import { useQuery } from "@tanstack/react-query";
import { api, read } from "@/api/client";
import { Link } from "@/routing";
import { tellInterval } from "@/time";
import { useWords } from "@/words";
import styles from "./Form.module.css";
import { rulesFor, type Told } from "./told";

type Props = { team: number; id: number | null; tags: readonly string[] };

/** The rules that match it as it is typed. */
export function WhoIsTold({ team, id, tags }: Props) {
  const said = useWords().monitorForm.told;
  const query = { team, page_size: 200 };
  const rules = useQuery({
    queryKey: ["alert-rules", team],
    queryFn: () => read(api.GET("/api/v1/alert-rules/", { params: { query } })),
  });
  const channels = useQuery({
    queryKey: ["channels", team],
    queryFn: () => read(api.GET("/api/v1/channels/", { params: { query } })),
  });
  if (!rules.data || !channels.data) return <p className="t3">{rules.error || channels.error ? said.unknown : " "}</p>;
  const told = rulesFor(rules.data.results, id, tags);
  const names = new Map(channels.data.results.map((channel) => [channel.id, channel.name]));
  const first = rules.data.results.length === 0;
  return (
    <div className={styles.told}>
      {told.map((rule) => (
        <OneRule key={rule.name} rule={rule} names={names} />
      ))}
      {told.length === 0 && <p className="t2">{first ? said.first : said.nobody}</p>}
      <p>
        <Link href="/alerts/" className="link">
          {said.change}
        </Link>
      </p>
    </div>
  );
}

function OneRule({ rule, names }: { rule: Told; names: ReadonlyMap<number, string> }) {
  const words = useWords();
  const said = words.monitorForm.told;
  return (
    <p>
      {said.matches} <b className="b">{rule.name}</b>:{" "}
      {rule.steps.map((step, index) => (
        <span key={index}>
          {index > 0 && "; "}
          <b className="b">{step.channels.map((id) => names.get(id) ?? `#${id}`).join(", ")}</b>{" "}
          {step.afterMin === 0 ? said.atOnce : said.after(tellInterval(step.afterMin * 60, words.time))}
        </span>
      ))}
      .
    </p>
  );
}
