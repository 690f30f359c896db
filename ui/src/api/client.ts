/** The one door to the server: typed calls, refusals as Problem, mutations with the page's own CSRF word. */

import createFetchClient, { type Middleware } from "openapi-fetch";
import createQueryClient from "openapi-react-query";
import { problemOf } from "./problem";
import type { components, paths } from "./schema";

export type Shape = components["schemas"];

const READS = new Set(["GET", "HEAD", "OPTIONS"]);

export function cookie(name: string, all: string = document.cookie): string | null {
  const found = all.split("; ").find((part) => part.startsWith(`${name}=`));
  return found === undefined ? null : decodeURIComponent(found.slice(name.length + 1));
}

const guarded: Middleware = {
  onRequest: ({ request }) => {
    const word = cookie("exitbrain_csrf");
    if (!READS.has(request.method) && word !== null) request.headers.set("X-Exitbrain-CSRF", word);
    return request;
  },
  onResponse: async ({ response }) => {
    if (response.ok || response.status === 304) return response;
    throw problemOf(response.status, await response.json().catch(() => null));
  },
};

export const client = createFetchClient<paths>({
  baseUrl: window.location.origin,
  querySerializer: { array: { style: "form", explode: true } },
});
client.use(guarded);

/** Hooks: `api.useQuery("get", "/api/runs", …)`. */
export const api = createQueryClient(client);

/** The address of a table as a file: what is shown, whole. */
export function download(path: string, query: URLSearchParams, format: "csv" | "json"): string {
  const asked = new URLSearchParams(query);
  asked.set("format", format);
  return `${path}?${asked}`;
}
