import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Shape } from "../api/client";

export type Progress = Shape["ProgressEvent"];
export const MOVING: ReadonlySet<string> = new Set(["queued", "running"]);

/** A run's progress as the server tells it, while it moves; at its end everything known of the run is asked for anew. */
export function useProgress(run_id: string, moving: boolean): Progress | null {
  const [progress, setProgress] = useState<Progress | null>(null);
  const queries = useQueryClient();
  useEffect(() => {
    if (!moving) return;
    const source = new EventSource(`/api/runs/${encodeURIComponent(run_id)}/progress`);
    source.addEventListener("progress", (event: MessageEvent<string>) => {
      const told = JSON.parse(event.data) as Progress;
      setProgress(told);
      if (MOVING.has(told.status)) return;
      source.close();
      void queries.invalidateQueries({ queryKey: ["get", "/api/runs"] });
      void queries.invalidateQueries({ queryKey: ["get", "/api/runs/{run_id}"] });
    });
    return () => source.close();
  }, [run_id, moving, queries]);
  return moving ? progress : null;
}
