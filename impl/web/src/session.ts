// The session of /account and /console. Its token stays in sessionStorage of this origin, and a new tab asks the others
// for theirs, so that people sign in once.

const key = "planoauth-token";
const tabs = new BroadcastChannel("planoauth-session");

type Message = { kind: "ask" } | { kind: "token"; token: string } | { kind: "ended" };

let ended = () => {};

/** Calls a function when another tab has signed out. */
export function onEnd(call: () => void) {
  ended = call;
}

/** Returns the token, or null where nobody is signed in. */
export function token(): string | null {
  return sessionStorage.getItem(key);
}

/** Keeps the token of a new session. */
export function begin(token: string) {
  sessionStorage.setItem(key, token);
  send({ kind: "token", token });
}

/** Forgets the token, here and in the other tabs. */
export function end() {
  sessionStorage.removeItem(key);
  send({ kind: "ended" });
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

function send(message: Message) {
  tabs.postMessage(message);
}

tabs.addEventListener("message", ({ data: message }: MessageEvent<Message>) => {
  const own = token();
  switch (message.kind) {
    case "ask":
      if (own) send({ kind: "token", token: own });
      break;
    case "token":
      sessionStorage.setItem(key, message.token);
      break;
    case "ended":
      sessionStorage.removeItem(key);
      ended();
      break;
  }
});
