/** What the screens use beyond the report's styles. */
import "@mantine/core/styles/Badge.css";
import "@mantine/core/styles/Loader.css";
import "@mantine/core/styles/Progress.css";
import "./app.css";
import "./controls.css";
import "./form.css";
import "./run.css";
import "./set.css";
