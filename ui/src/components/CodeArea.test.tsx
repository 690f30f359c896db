import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { CodeArea } from "./CodeArea";
import { Findings } from "./Findings";

const TEXT = "plan_id: x\ntriggers:\n - id: a\n   direction: up\n";
const FAULT = { message: "direction is up", accepted: "long or short", line: 4, column: 15 };

it("a fault names its place and what would be accepted, and leads there", () => {
  const { container } = render(<CodeArea id="plan" label="Plan" value={TEXT} findings={[FAULT]} onChange={() => undefined} />);
  const area = screen.getByLabelText<HTMLTextAreaElement>("Plan");
  expect(area.getAttribute("aria-invalid")).toBe("true");
  expect(container.querySelector(`#${area.getAttribute("aria-describedby")}`)?.textContent).toBe(
    "Line 4, column 15: direction is up; accepted: long or short",
  );
  expect([...container.querySelectorAll(".marked")].map((line) => line.textContent?.trim())).toEqual(["4"]);
  fireEvent.click(screen.getByRole("button", { name: "Line 4, column 15" }));
  expect(document.activeElement).toBe(area);
  expect(TEXT.slice(area.selectionStart)).toBe("up\n");
});

it("a warning is told without calling the text wrong", () => {
  const warning = { severity: "warning" as const, message: "this rule is never true" };
  render(<CodeArea id="plan" label="Plan" value={TEXT} findings={[warning]} onChange={() => undefined} />);
  expect(screen.getByLabelText("Plan").getAttribute("aria-invalid")).toBe("false");
  expect(screen.getByText("this rule is never true").className).toBe("warning");
});

it("nothing is said where nothing was found", () => {
  const { container } = render(<Findings id="x" findings={[]} />);
  expect(container.textContent).toBe("");
});
