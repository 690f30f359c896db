import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { api, client, type Shape } from "../../api/client";
import { Signed } from "../../components/Signed";
import { exact, money } from "../../model/format";
import { Failure } from "../Failure";
import { Deed } from "./Deed";
import { type Command, outcomeOf, protectionOf } from "./model";
import { useSince } from "./useLive";

const LOOK = 500;

type Props = { position: string; name: string; close: () => void };

/** Shows what closing a position would do, asks, and tells what became of it. */
export function Flatten({ position, name, close }: Props) {
  const { mutate: preview, data: seen, error: fault, submittedAt } = api.useMutation("post", "/api/flatten/preview");
  const [command, setCommand] = useState<Command | null>(null);
  const queries = useQueryClient();
  const look = useCallback((): void => preview({ body: { position } }), [preview, position]);
  useEffect(look, [look]);
  useOutcome(command, setCommand);
  const left = Math.max(0, (seen?.seconds ?? 0) - useSince(submittedAt));
  const asked = command !== null;
  return (
    <Deed
      title={`Flatten ${name}?`}
      action={asked ? "Asked" : "Close it at market"}
      danger
      noted={false}
      leave={asked ? "Close" : "Leave it"}
      ready={seen !== undefined && left > 0 && !asked}
      close={close}
      go={async ({ by, key }) => {
        if (seen === undefined) return;
        const params = { header: { "Idempotency-Key": key } };
        const body = { position, confirm: seen.confirm, by };
        const { data } = await client.POST("/api/flatten", { params, body });
        if (data) setCommand(data);
        void queries.invalidateQueries({ queryKey: ["get", "/api/commands"] });
      }}
    >
      {fault !== null && <Failure fault={fault} />}
      {seen === undefined && fault === null && <p className="quiet">Looking at the position.</p>}
      {seen !== undefined && <Shown told={seen} />}
      {!asked && (
        <p className="quiet">
          {left > 0 ? `This holds for ${Math.ceil(left)} s. ` : seen !== undefined ? "This is too old by now. " : ""}
          <button type="button" className="link" onClick={look}>
            Look again
          </button>
        </p>
      )}
      {asked && (
        <p role="status" className={command.outcome === "refused" ? "loss" : undefined}>
          {command.finished_at === null ? "The monitor has been asked." : `The monitor says ${outcomeOf(command)}.`}
        </p>
      )}
    </Deed>
  );
}

function Shown({ told }: { told: Shape["FlattenPreview"] }) {
  const one = told.position;
  return (
    <>
      <p>
        {one.side} <b>{exact(one.quantity)}</b> at {told.venue}, entry {exact(one.entry_price)}, mark {exact(one.mark_price)}, P&L{" "}
        <Signed of={one.unrealized_pnl}>{money(one.unrealized_pnl, true)}</Signed>, {protectionOf(one).word}.
      </p>
      <ol className="plain-list">
        {told.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </>
  );
}

/** Asks for the command until the monitor has finished it. */
function useOutcome(command: Command | null, set: (now: Command) => void): void {
  useEffect(() => {
    if (command === null || command.finished_at !== null) return;
    const params = { path: { command_id: command.command_id } };
    const look = async (): Promise<void> => {
      const { data } = await client.GET("/api/commands/{command_id}", { params });
      if (data) set(data);
    };
    const later = setTimeout(() => void look().catch(() => set({ ...command })), LOOK);
    return () => clearTimeout(later);
  }, [command, set]);
}
