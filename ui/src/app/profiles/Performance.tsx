import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { api, type Shape } from "../../api/client";
import { ExcursionScatter } from "../../charts/ExcursionScatter";
import { ShareBar } from "../../components/Bar";
import { Scroll } from "../../components/Scroll";
import { Section } from "../../components/Section";
import { decimals, exact, inR, percent } from "../../model/format";
import { useAddress } from "../address";
import { Failure } from "../Failure";
import { excursionsOf, firstTargetsOf, MOST_RUNS, PAGE } from "./excursions";

type Props = { name: string; detail: Shape["ProfileDetail"] | null };

/** How the profile did in the stored runs: per regime, rung by rung, and how far price went for and against it. */
export function Performance({ name, detail }: Props) {
  const { one, set } = useAddress();
  const run = one("run");
  const runs = api.useQuery("get", "/api/runs", { params: { query: { status: ["done" as const], page_size: 200 } } });
  const found = api.useQuery(
    "get",
    "/api/profiles/performance",
    { params: { query: { profile: name, ...(run ? { run: [run] } : {}) } } },
    { placeholderData: keepPreviousData },
  );
  return (
    <>
      <section className="section" aria-label="Which runs">
        <div className="controls">
          <div className="control">
            <label htmlFor="performance-run">Over</label>
            <select
              id="performance-run"
              value={run}
              onChange={(event) => set({ run: event.currentTarget.value }, true)}
            >
              <option value="">all stored runs</option>
              {runs.data?.items.map((own) => (
                <option key={own.run_id} value={own.run_id}>
                  {own.label ?? own.run_id} ({own.symbols.join(", ")} {own.timeframe})
                </option>
              ))}
            </select>
          </div>
        </div>
        {found.error && <Failure fault={found.error} />}
        {found.data?.items.length === 0 && <p className="empty">No finished set was managed by this profile.</p>}
      </section>
      {found.data && found.data.items.length > 0 && (
        <>
          <Regimes items={found.data.items} />
          <RungRates items={found.data.items} />
          <Excursions name={name} items={found.data.items} runs={found.data.runs} detail={detail} />
        </>
      )}
    </>
  );
}

const regimeOf = (item: Shape["ProfilePerformance"]): string => item.regime ?? "no regime";

function Regimes({ items }: { items: readonly Shape["ProfilePerformance"][] }) {
  const ends = items.flatMap((item) => [item.net_r_low, item.net_r_high, item.net_r_mean]).filter((r) => r !== null);
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const place = (r: number): string => `${((r - low) / (high - low || 1)) * 100}%`;
  return (
    <Section id="regimes" title="By regime" lead="Net R per set with its 95% interval, by the regime at the entry.">
      <Scroll name="Table by regime">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">Regime</th>
              <th scope="col" className="right">
                Sets, runs
              </th>
              <th scope="col" className="right">
                Mean R
              </th>
              <th scope="col" className="right">
                95% interval
              </th>
              <th scope="col" className="bar-column">
                <span className="unseen">Mean and interval against 0</span>
              </th>
              <th scope="col" className="right">
                Won
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <tr key={regimeOf(item)}>
                <th scope="row">{regimeOf(item)}</th>
                <td className="right">
                  {exact(item.num_sets)}, {exact(item.num_runs)}
                </td>
                <td className="right">{inR(item.net_r_mean)}</td>
                <td className="right">
                  {item.net_r_low === null
                    ? "too few days"
                    : `${decimals(item.net_r_low, 2, true)} to ${decimals(item.net_r_high, 2, true)}`}
                </td>
                <td className="bar-column">
                  <span className="whisker" aria-hidden="true">
                    <i className="zero" style={{ left: place(0) }} />
                    {item.net_r_low !== null && item.net_r_high !== null && (
                      <i
                        className="span"
                        style={{ left: place(item.net_r_low), right: `calc(100% - ${place(item.net_r_high)})` }}
                      />
                    )}
                    {item.net_r_mean !== null && <i className="dot" style={{ left: place(item.net_r_mean) }} />}
                  </span>
                </td>
                <td className="right">{percent(item.win_rate)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Section>
  );
}

function RungRates({ items }: { items: readonly Shape["ProfilePerformance"][] }) {
  return (
    <Section
      id="rungs"
      title="Rungs"
      lead="How often each target was hit, and how often of those sets that had hit the one before."
    >
      <Scroll name="Table of rungs">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">Regime</th>
              <th scope="col">Rung</th>
              <th scope="col" className="right">
                Hit, planned
              </th>
              <th scope="col" className="right">
                Hit rate
              </th>
              <th scope="col" className="bar-column">
                <span className="unseen">Hit rate as a bar</span>
              </th>
              <th scope="col" className="right">
                Given the last
              </th>
            </tr>
          </thead>
          <tbody>
            {items.flatMap((item) =>
              item.rungs.map((rung, index) => (
                <tr key={`${regimeOf(item)}-${rung.index}`}>
                  <td>{index === 0 ? regimeOf(item) : ""}</td>
                  <th scope="row">TP{rung.index}</th>
                  <td className="right">
                    {exact(rung.hit)} of {exact(rung.planned)}
                  </td>
                  <td className="right">{percent(rung.hit_rate)}</td>
                  <td className="bar-column">
                    <ShareBar share={rung.hit_rate} />
                  </td>
                  <td className="right">{percent(rung.conditional_rate)}</td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </Scroll>
    </Section>
  );
}

type ExcursionProps = Props & { items: readonly Shape["ProfilePerformance"][]; runs: readonly string[] };

function Excursions({ name, items, runs, detail }: ExcursionProps) {
  const go = useNavigate();
  const read = runs.slice(0, MOST_RUNS);
  const pages = useQueries({
    queries: read.map((run_id) =>
      api.queryOptions("get", "/api/runs/{run_id}/trade_sets", {
        params: { path: { run_id }, query: { profile: [name], page_size: PAGE } },
      }),
    ),
  });
  const { sets, runOf, total } = excursionsOf(
    read,
    pages.map(({ data }) => data),
  );
  return (
    <Section
      id="excursions"
      title="Excursions against stop and first target"
      lead={`Worst (MAE) and best (MFE) excursion of each set while it was open${sets.length < total || read.length < runs.length ? `; ${exact(sets.length)} sets of ${exact(read.length)} runs are drawn` : ""}.`}
    >
      <dl className="inline-facts">
        {items.map((item) => (
          <div key={regimeOf(item)}>
            <dt>{regimeOf(item)}</dt>
            <dd>
              median MFE {inR(item.mfe_r.p50)}, MAE {inR(item.mae_r.p50)}; reached TP1{" "}
              {percent(item.mfe_reached_first_target)}, went past the stop {percent(item.mae_beyond_stop)}
            </dd>
          </div>
        ))}
      </dl>
      <ExcursionScatter
        sets={sets}
        firstTargets={firstTargetsOf(detail)}
        onPick={(set) =>
          void go(`/runs/${encodeURIComponent(runOf.get(set) ?? "")}/sets/${encodeURIComponent(set)}`)
        }
      />
    </Section>
  );
}
