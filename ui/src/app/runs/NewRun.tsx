import { useSearchParams } from "react-router";
import { api } from "../../api/client";
import { formOf, type RunRequest } from "../../model/request";
import { Failure } from "../Failure";
import { StartForm } from "./StartForm";

/** The form for a run; with `?again=RUN` it begins as that run was asked for. */
export function NewRun() {
  const [query] = useSearchParams();
  const again = query.get("again");
  const files = api.useQuery("get", "/api/candles");
  const profiles = api.useQuery("get", "/api/profiles", { params: { query: {} } });
  const before = api.useQuery(
    "get",
    "/api/runs/{run_id}",
    { params: { path: { run_id: again ?? "" } } },
    { enabled: again !== null },
  );
  const fault = files.error ?? before.error;
  if (fault) return <Failure fault={fault} />;
  // The form takes its first values once, so it waits for them.
  if (files.data === undefined || (again !== null && before.data === undefined))
    return <p className="quiet">Reading what a run can begin with.</p>;
  const names = files.data.items.map((file) => file.name);
  const first = formOf((before.data?.request ?? {}) as Partial<RunRequest>, names);
  return (
    <StartForm
      first={again === null ? { ...first, paths: "both" } : first}
      files={files.data.items}
      stored={profiles.data?.items}
    />
  );
}
