import { render } from "preact";
import { Hosted } from "./hosted/page";

render(<Hosted />, document.getElementById("page")!);
