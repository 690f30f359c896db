import { createTheme } from "@mantine/core";

export const theme = createTheme({
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif',
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
  primaryColor: "blue",
  defaultRadius: "sm",
  colors: {
    // Slate instead of the library's grey, so that controls sit on the page's own dark.
    dark: [
      "#c9d1d9",
      "#b3bcc6",
      "#8b96a2",
      "#6a7682",
      "#3a4652",
      "#2f3944",
      "#1d252e",
      "#161c23",
      "#10161c",
      "#0b1015",
    ],
  },
});
