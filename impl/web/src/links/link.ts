import { data } from "../document";

/** What the server says of the link: the Go type linkPage. */
export interface Link {
  kind?: "magic" | "reset" | "invitation" | "verification" | "email_change" | "email_change_undo";
  expired?: boolean;
  /** The address to which the link was mailed. */
  email?: string;
  redirect_url?: string;
  /** Where the person goes on afterwards. */
  next?: string;
  has_password?: boolean;
  by_admin?: boolean;
}

export const link = data.page as Link;

/** The address to which the link was mailed. */
export const email = link.email ?? "";

/** The application that the link is for. */
export const application = data.application.slug;

/** The redirect URL of the link, as a param of operations; without one, there is no param. */
export const redirect = link.redirect_url ? { redirect_url: link.redirect_url } : {};

const taken = takeToken();

/** The token of the link, "" for none. */
export const token = taken ?? "";

/** Whether the browser is on its way to the page of a link that this tab has kept. */
export const leaving = taken === null;

/**
 * Takes the token out of the address of the page, and keeps it in this tab. A page that is loaded again, or in the other
 * language, has no token in its address, and brings it back here.
 */
function takeToken(): string | null {
  const url = new URL(location.href);
  const key = `planoauth-link ${url.pathname}`;
  const found = url.searchParams.get("token");
  if (found) {
    sessionStorage.setItem(key, found);
    url.searchParams.delete("token");
    history.replaceState(null, "", url);
    return found;
  }
  const kept = sessionStorage.getItem(key);
  if (!kept) return "";
  url.searchParams.set("token", kept);
  location.replace(url);
  return null;
}
