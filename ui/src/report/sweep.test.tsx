import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { MantineProvider } from "@mantine/core";
import { render, screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { classOf, decodeSweep, isSweep } from "../model/sweep";
import { SweepPage } from "./SweepPage";

const golden = (): unknown =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, "../../../tests/golden/sweep_payload.json"), "utf8"));
const payload = decodeSweep(golden(), "");
const show = (one = payload) =>
  render(
    <MantineProvider>
      <SweepPage payload={one} />
    </MantineProvider>,
  );

describe("the page of a sweep", () => {
  it("is told from the page of a run", () => {
    expect(isSweep(golden())).toBe(true);
    expect(isSweep({ run: {} })).toBe(false);
    expect(isSweep(null)).toBe(false);
  });

  it("says the verdict and its figures, a dash where there is none", () => {
    const { container } = show();
    const told = container.textContent ?? "";
    for (const part of ["luck: configuration 1 is not better", "60.0%", "0.40", "+0.10", "1 were left out"])
      expect(told).toContain(part);
    expect(screen.getByText("Superior ability (SPA)").closest(".tile")?.textContent).toContain("–");
  });

  it("lists the best with their parameters, and what is on the front", () => {
    show();
    const table = within(screen.getByRole("region", { name: "The best configurations" }));
    const rows = table.getAllByRole("row").slice(1);
    expect(rows.map((row) => row.querySelector("td")?.textContent)).toEqual(["1", "3", "2", "0", "4", "5"]);
    expect(rows.map((row) => row.lastElementChild?.textContent)).toEqual(["yes", "", "yes", "", "", ""]);
    expect(rows[5]?.textContent).toContain("–");
  });

  it("shows no verdict and no front where there is none", () => {
    show({ ...payload, judged: null, front: null });
    expect(screen.queryByLabelText("Verdict")).toBeNull();
    expect(screen.queryByText("What no other beats")).toBeNull();
  });
});

describe("a cell's class", () => {
  it("goes from the worst to the best fifth, the other way where less is better", () => {
    expect([0, 0.5, 1].map((amount) => classOf(amount, 0, 1, "maximize"))).toEqual([0, 2, 4]);
    expect([0, 0.5, 1].map((amount) => classOf(amount, 0, 1, "minimize"))).toEqual([4, 2, 0]);
    expect(classOf(3, 3, 3, "maximize")).toBe(2);
  });
});
