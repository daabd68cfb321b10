import { render } from "preact";
import { Account } from "./account/account";
import { SignedIn } from "./ui/signed-in";

render(
  <SignedIn>
    <Account />
  </SignedIn>,
  document.getElementById("page")!,
);
