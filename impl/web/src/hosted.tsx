import { render } from "preact";
import { SignIn } from "./hosted/sign-in";

render(<SignIn />, document.getElementById("page")!);
