import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { rowOf } from "../../model/selection";
import { golden } from "../../test/golden";
import { SetRow } from "./SetRow";

const shown = (row: Parameters<typeof SetRow>[0]["row"]) => (
  <MantineProvider>
    <SetRow row={row} place={511} open={false} toggle={() => undefined} />
  </MantineProvider>
);

it("keeps the focus of a row while its cells are on their way", () => {
  const [set] = golden().sets;
  const { rerender } = render(shown(undefined));
  const button = screen.getByRole("button", { name: "Row 512 is being read" });
  button.focus();
  rerender(shown(set && rowOf(set)));
  expect(document.activeElement).toBe(button);
  expect(button.getAttribute("aria-label")).toContain("BTCUSDT long");
});
