/** happy-dom has no print media or layout; tests that need them run in a real browser. */
import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(cleanup);
