import { keepPreviousData } from "@tanstack/react-query";
import { api, download } from "../../api/client";
import { exact } from "../../model/format";
import { useAddress } from "../address";
import { Failure } from "../Failure";
import { EventFilters } from "./EventFilters";
import "./events.css";
import { EventTable } from "./EventTable";
import { askedOf, fileQuery, pageOf } from "./model";

const FINISHED = { params: { query: { status: ["done" as const], page_size: 200 } } };

/** What was refused, when the latch changed, and notes about plans: of one run, or of all. */
export function Events() {
  const { query } = useAddress();
  const asked = askedOf(query);
  const runs = api.useQuery("get", "/api/runs", FINISHED);
  const labels = new Map(
    query.getAll("run").length === 1 ? [] : runs.data?.items.map((run) => [run.run_id, run.label ?? run.run_id]),
  );
  const first = api.useQuery("get", "/api/events", { params: { query: asked } }, { placeholderData: keepPreviousData });
  const page = pageOf(first.data);
  const files = fileQuery(query);
  return (
    <>
      <header className="screen-head">
        <h1>Events</h1>
        <a href={download("/api/events", files, "csv")} download>
          CSV
        </a>
        <a href={download("/api/events", files, "json")} download>
          JSON
        </a>
      </header>
      <section className="section" aria-label="Filters">
        <EventFilters facets={page?.facets} runs={runs.data?.items ?? []} />
      </section>
      <section className="section" aria-labelledby="events-title">
        <header className="section-head">
          <h2 id="events-title">In order of time</h2>
          <span className="quiet" role="status">
            {page && `${exact(page.total)} events`}
          </span>
        </header>
        {first.error ? (
          <Failure fault={first.error} />
        ) : (
          page && <EventTable asked={asked} total={page.total} labels={labels} />
        )}
      </section>
    </>
  );
}
