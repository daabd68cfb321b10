// The session of /account and /console. Its token stays in sessionStorage of this origin, and a new tab asks the others
// for theirs, so that people sign in once.

const tokenKey = "planoauth-token";
const userKey = "planoauth-user"; // the id of the person, so that no tab goes on with another one's session
const tabs = new BroadcastChannel("planoauth-session");

type Message = { kind: "ask" } | { kind: "session"; token: string; user: string } | { kind: "ended"; token: string };

/** What other tabs do. */
interface Events {
  /** They signed out, or signed somebody else in. */
  ended(): void;
  /** They signed in, and this tab has their session now. */
  began(): void;
}

/** Returns the token, or null where nobody is signed in. */
export function token(): string | null {
  return sessionStorage.getItem(tokenKey);
}

/** Keeps a new session of a user, here and in the other tabs. */
export function begin(token: string, user: number) {
  keep(token, String(user));
  send({ kind: "session", token, user: String(user) });
}

/** Keeps to whom the session belongs, where only its token was known. */
export function belongsTo(user: number) {
  sessionStorage.setItem(userKey, String(user));
}

/** Whether the session belongs to this user. */
export function isOf(user: number): boolean {
  return sessionStorage.getItem(userKey) === String(user);
}

/** Forgets the session in this tab. */
export function forget() {
  sessionStorage.removeItem(tokenKey);
  sessionStorage.removeItem(userKey);
}

/** Forgets the session, here and in the other tabs. */
export function end() {
  const own = token();
  forget();
  if (own) send({ kind: "ended", token: own });
}

/** Returns the token of this tab or of another one; null where none has one. */
export function find(): Promise<string | null> {
  return new Promise((resolve) => {
    if (token()) return resolve(token());
    const waited = setTimeout(() => resolve(token()), 200);
    tabs.addEventListener("message", function taken() {
      if (!token()) return;
      clearTimeout(waited);
      tabs.removeEventListener("message", taken);
      resolve(token());
    });
    send({ kind: "ask" });
  });
}

function keep(token: string, user: string) {
  sessionStorage.setItem(tokenKey, token);
  sessionStorage.setItem(userKey, user);
}

function send(message: Message) {
  tabs.postMessage(message);
}

/** Shares the session with the other tabs from now on. */
export function share({ ended, began }: Events) {
  tabs.addEventListener("message", ({ data: message }: MessageEvent<Message>) => {
    const own = token();
    const user = sessionStorage.getItem(userKey);
    switch (message.kind) {
      case "ask":
        if (own && user) send({ kind: "session", token: own, user });
        break;
      case "session":
        if (own === message.token) break;
        keep(message.token, message.user);
        if (own && user !== message.user) ended();
        else began();
        break;
      case "ended":
        if (own !== message.token) break;
        forget();
        ended();
        break;
    }
  });
}
