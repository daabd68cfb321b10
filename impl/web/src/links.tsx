import { render } from "preact";
import { EmailChange } from "./links/email-change";
import { EmailUndo } from "./links/email-undo";
import { Expired } from "./links/expired";
import { leaving, link, token } from "./links/link";
import { Missing } from "./links/missing";
import { Reset } from "./links/reset";
import { Verification } from "./links/verification";

function Page() {
  if (leaving) return null;
  if (!token) return <Missing />;
  if (link.expired) return <Expired />;
  switch (link.kind) {
    case "reset":
    case "invitation":
      return <Reset />;
    case "verification":
      return <Verification />;
    case "email_change":
      return <EmailChange />;
    case "email_change_undo":
      return <EmailUndo />;
    default:
      return <Missing />;
  }
}

render(<Page />, document.getElementById("page")!);
