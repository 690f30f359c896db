import { expect, it } from "vitest";
import { withParts } from "../address";
import { askedOf, fieldOf, fileQuery, isoOf, PAGE, pagesOf, toggled } from "./model";

it("the address becomes what the server is asked, and what it does not know is left out", () => {
  const query = new URLSearchParams("reason=a&reason=b&trigger=t&set_id=s&from=2024-01-01T00:00:00Z&other=1");
  expect(askedOf(query)).toEqual({
    page_size: PAGE,
    reason: ["a", "b"],
    trigger: ["t"],
    set_id: "s",
    from: "2024-01-01T00:00:00Z",
  });
  expect(fileQuery(query).toString()).toBe("reason=a&reason=b&trigger=t&set_id=s&from=2024-01-01T00%3A00%3A00Z");
});

it("a moment in a field is the same moment in the address, in both zones", () => {
  expect(isoOf("2024-01-02T03:04", "utc")).toBe("2024-01-02T03:04:00Z");
  expect(fieldOf("2024-01-02T03:04:00Z", "utc")).toBe("2024-01-02T03:04");
  expect(fieldOf(isoOf("2024-07-02T03:04", "local"), "local")).toBe("2024-07-02T03:04");
  for (const zone of ["utc", "local"] as const) {
    expect(isoOf("", zone)).toBe("");
    expect(fieldOf("never", zone)).toBe("");
  }
});

it("a chosen value is taken out by choosing it again", () => {
  expect(toggled(["a"], "b")).toEqual(["a", "b"]);
  expect(toggled(["a", "b"], "a")).toEqual(["b"]);
});

it("only the pages in view are asked for", () => {
  expect(pagesOf(0, 10)).toEqual([1]);
  expect(pagesOf(PAGE - 1, PAGE)).toEqual([1, 2]);
  expect(pagesOf(PAGE * 5, PAGE * 5 + 3)).toEqual([6]);
});

it("parts of an address are put in, repeated and taken out", () => {
  const next = withParts(new URLSearchParams("a=1&b=2&b=3"), { a: "", b: ["4", "5"], c: "6" });
  expect(next.toString()).toBe("b=4&b=5&c=6");
});
