import { describe, expect, it } from "vitest";
import { withParts } from "../app/address";
import { isFiltered, orderOf, searchOf, servedQuery, sortText, NO_FILTERS } from "./setQuery";

const asked = (text: string) => servedQuery(new URLSearchParams(text));

describe("the address of a run's sets", () => {
  it.each([
    ["", { sort: "opened_at" }],
    ["sort=-r", { sort: "-r_multiple" }],
    ["sort=-nonsense", { sort: "-opened_at" }],
    ["reason=stop_loss&reason=time_stop&side=long", { sort: "opened_at", reason: ["stop_loss", "time_stop"], side: ["long"] }],
    ["min_r=-1&max_r=0.5", { sort: "opened_at", min_r: -1, max_r: 0.5 }],
    ["min_r=much", { sort: "opened_at" }],
    ["q=btc+trail", { sort: "opened_at", q: "btc trail" }],
    ["opened=set-1&page=3", { sort: "opened_at" }],
  ])("%s asks the server for %o", (text, expected) => {
    expect(asked(text)).toEqual(expected);
  });

  it("takes a last day whole, over the end of a month too", () => {
    expect(asked("from=2024-02-01&to=2024-02-29")).toMatchObject({
      from: "2024-02-01T00:00:00Z",
      to: "2024-03-01T00:00:00Z",
    });
    expect(asked("from=2024-02-01T04:00:00Z")).toMatchObject({ from: "2024-02-01T04:00:00Z" });
  });

  it("writes each value of a filter as a key of its own", () => {
    expect(searchOf(asked("reason=a&reason=b&sort=-pnl")).toString()).toBe("sort=-pnl_net&reason=a&reason=b");
  });

  it("keeps its order when filters are cleared", () => {
    const address = new URLSearchParams("sort=-pnl&reason=a&min_r=1&opened=x");
    expect(isFiltered(address)).toBe(true);
    const cleared = withParts(address, NO_FILTERS);
    expect(cleared.toString()).toBe("sort=-pnl&opened=x");
    expect(isFiltered(cleared)).toBe(false);
  });

  it.each(["", "-opened", "r", "-pnl"])("reads and writes the order %s", (text) => {
    expect(sortText(orderOf(new URLSearchParams(text && `sort=${text}`)))).toBe(text);
  });
});
