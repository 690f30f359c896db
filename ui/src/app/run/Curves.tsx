import { useContext, useMemo } from "react";
import { api } from "../../api/client";
import { EquityChart } from "../../charts/EquityChart";
import { usePalette } from "../../charts/palette";
import { ZoneContext } from "../../components/zone";
import { exact } from "../../model/format";
import { decodeEquity } from "../../model/payload";
import { Failure } from "../Failure";

const POINTS = 4_000;

export function Curves({ run_id }: { run_id: string }) {
  const zone = useContext(ZoneContext);
  const palette = usePalette();
  const asked = api.useQuery(
    "get",
    "/api/runs/{run_id}/equity",
    { params: { path: { run_id }, query: { points: POINTS } } },
    { staleTime: Infinity },
  );
  const equity = useMemo(() => asked.data && decodeEquity(asked.data, "equity"), [asked.data]);
  if (asked.error) return <Failure fault={asked.error} />;
  if (equity === undefined) return <div className="equity-place" aria-busy="true" />;
  if (equity.time.length === 0) return <p className="quiet">No equity was recorded.</p>;
  return (
    <>
      <EquityChart equity={equity} palette={palette} zone={zone} />
      {asked.data && asked.data.bars > equity.time.length && (
        <p className="quiet">
          {exact(equity.time.length)} of {exact(asked.data.bars)} bars are drawn: of each stretch the highest, the lowest
          and the deepest.
        </p>
      )}
    </>
  );
}
