import { render } from "preact";
import { App } from "./app";
import { stayConnected } from "./events";
import "./style/theme.css";
import "./style/page.css";
import "./style/parts.css";
import "./style/tools.css";

render(<App />, document.getElementById("app")!);
void stayConnected();
