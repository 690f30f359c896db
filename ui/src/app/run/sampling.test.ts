import { expect, it } from "vitest";
import { pagesOver } from "./sampling";

it.each([
  [0, []],
  [1, [1]],
  [500, [1]],
  [1_001, [1, 2, 3]],
  [3_000, [1, 2, 3, 4, 5, 6]],
  [50_000, [1, 21, 41, 60, 80, 100]],
])("of %i rows in pages of 500 the pages %o are read", (total, pages) => {
  expect(pagesOver(total, 500, 6)).toEqual(pages);
});
