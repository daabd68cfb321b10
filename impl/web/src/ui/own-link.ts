// A mailed sign-in link may be somebody else's, sent so that people work in an account that is not theirs. So a link that
// was requested here leads back with a random value, which only this browser knows. With it the browser keeps the part
// of the address after #, which no link may have: the view of the console that the person wanted to see.

const key = "planoauth-link";
const param = "browser";

/** Returns the address of this page for a link that is requested now. Links that were requested before lose their value. */
export function ownLinkURL(): string {
  const value = crypto.randomUUID();
  localStorage.setItem(key, value + location.hash);
  return `${location.origin}${location.pathname}?${param}=${value}`;
}

/** Takes the token of a mailed link out of the address of the page. own tells that this browser requested the link. */
export function fromLink(): { magicToken: string; own: boolean } | null {
  const url = new URL(location.href);
  const magicToken = url.searchParams.get("magic_token");
  if (!magicToken) return null;
  const value = url.searchParams.get(param);
  url.searchParams.delete("magic_token");
  url.searchParams.delete(param);
  const [known, ...hash] = (localStorage.getItem(key) ?? "").split("#");
  const own = value !== null && value === known;
  if (own) {
    localStorage.removeItem(key);
    url.hash = hash.join("#");
  }
  history.replaceState(null, "", url);
  return { magicToken, own };
}
