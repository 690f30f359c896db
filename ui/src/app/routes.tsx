import { createBrowserRouter, Navigate } from "react-router";
import { Broken, Shell } from "./Shell";

/** Each screen is a chunk of its own, fetched when one goes there. */
export const router = createBrowserRouter([
  {
    element: <Shell />,
    children: [
      {
        errorElement: <Broken />,
        children: [
          { path: "/", element: <Navigate to="/runs" replace /> },
          { path: "/runs", lazy: async () => ({ Component: (await import("./runs/Runs")).Runs }) },
        ],
      },
    ],
  },
]);
