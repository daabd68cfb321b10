import { render } from "preact";
import { SignedIn } from "./ui/signed-in";

render(<SignedIn>{null}</SignedIn>, document.getElementById("page")!);
