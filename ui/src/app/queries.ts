import { QueryClient } from "@tanstack/react-query";
import { Problem } from "../api/problem";

const RETRIES = 2;

/** What the server has refused will be refused again; only a broken line is worth another try. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (count, fault) => !(fault instanceof Problem) && count < RETRIES,
      refetchOnWindowFocus: false,
    },
  },
});
