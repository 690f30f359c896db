import { useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client";

/** Cancelling and deleting, after which what is shown of runs is asked for anew. */
export function useRunActions() {
  const queries = useQueryClient();
  const refresh = (): void => {
    void queries.invalidateQueries({ queryKey: ["get", "/api/runs"] });
  };
  const cancel = api.useMutation("post", "/api/runs/{run_id}/cancel", {
    onSuccess: () => {
      refresh();
      void queries.invalidateQueries({ queryKey: ["get", "/api/runs/{run_id}"] });
    },
  });
  const remove = api.useMutation("delete", "/api/runs/{run_id}", { onSuccess: refresh });
  return {
    cancel: (run_id: string) => cancel.mutate({ params: { path: { run_id } } }),
    remove: (run_id: string) => remove.mutateAsync({ params: { path: { run_id } } }),
    busy: cancel.isPending || remove.isPending,
    fault: cancel.error ?? remove.error,
  };
}
