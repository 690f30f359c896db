import { createBrowserRouter, Navigate } from "react-router";
import { Broken, Shell } from "./Shell";

/** Each screen is a chunk of its own, fetched when one goes there. */
export const router = createBrowserRouter([
  {
    element: <Shell />,
    HydrateFallback: () => null,
    children: [
      {
        errorElement: <Broken />,
        children: [
          { path: "/", element: <Navigate to="/runs" replace /> },
          { path: "/runs", lazy: async () => ({ Component: (await import("./runs/Runs")).Runs }) },
          { path: "/compare", lazy: async () => ({ Component: (await import("./compare/Compare")).Compare }) },
          {
            path: "/compare/policies",
            lazy: async () => ({ Component: (await import("./compare/Policies")).Policies }),
          },
          {
            path: "/compare/:runId",
            lazy: async () => ({ Component: (await import("./compare/PolicyResult")).PolicyResult }),
          },
          { path: "/profiles", lazy: async () => ({ Component: (await import("./profiles/Profiles")).Profiles }) },
          { path: "/profiles/:name", lazy: async () => ({ Component: (await import("./profiles/Profile")).Profile }) },
          {
            path: "/experiments",
            lazy: async () => ({ Component: (await import("./experiments/Experiments")).Experiments }),
          },
          {
            path: "/experiments/new",
            lazy: async () => ({ Component: (await import("./experiments/NewExperiment")).NewExperiment }),
          },
          {
            path: "/experiments/:experimentId",
            lazy: async () => ({ Component: (await import("./experiments/Experiment")).Experiment }),
          },
          {
            path: "/strategist",
            lazy: async () => ({ Component: (await import("./strategist/Strategist")).Strategist }),
          },
          {
            path: "/strategist/:proposalId",
            lazy: async () => ({ Component: (await import("./strategist/Proposal")).Proposal }),
          },
          { path: "/live", lazy: async () => ({ Component: (await import("./live/Live")).Live }) },
          { path: "/events", lazy: async () => ({ Component: (await import("./events/Events")).Events }) },
          { path: "/runs/new", lazy: async () => ({ Component: (await import("./runs/NewRun")).NewRun }) },
          { path: "/runs/:run_id", lazy: async () => ({ Component: (await import("./run/Run")).Run }) },
          { path: "/runs/:run_id/sets/:set_id", lazy: async () => ({ Component: (await import("./set/Set")).Set }) },
          { path: "*", lazy: async () => ({ Component: (await import("./Nowhere")).Nowhere }) },
        ],
      },
    ],
  },
]);
