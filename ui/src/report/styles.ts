/** Only the styles of the components in use: the page is one file and should stay small. */
import "@mantine/core/styles/default-css-variables.css";
import "@mantine/core/styles/baseline.css";
import "@mantine/core/styles/global.css";
import "@mantine/core/styles/UnstyledButton.css";
import "@mantine/core/styles/Button.css";
import "@mantine/core/styles/Input.css";
import "@mantine/core/styles/SegmentedControl.css";
import "@mantine/core/styles/FloatingIndicator.css";
import "@mantine/core/styles/Tooltip.css";
import "./styles/colors.css";
import "./styles/page.css";
import "./styles/charts.css";
import "./styles/tables.css";
import "./styles/sets.css";
import "./styles/narrow.css";
import "./styles/print.css";
