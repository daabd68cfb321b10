import { render } from "preact";
import { Console } from "./console/console";
import { SignedIn } from "./ui/signed-in";

render(
  <SignedIn>
    <Console />
  </SignedIn>,
  document.getElementById("page")!,
);
