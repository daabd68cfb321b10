// How many notifications nobody has acknowledged: a number that the title and the navigation show.

import { useEffect, useState } from "preact/hooks";
import { attempt, planoauth } from "../api";

/** How often notifications are looked for, in milliseconds, while the page is visible. */
export const every = 30_000;

let ask = () => {};

/** Counts anew, after somebody has acknowledged one. */
export function countWaiting() {
  ask();
}

/** The number of unacknowledged notifications. Asking for it disturbs nobody: where it fails, the number stays. */
export function useWaiting(): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    ask = async () => {
      if (document.visibilityState !== "visible") return;
      const outcome = await attempt(planoauth.notificationsIndex({ filters: ["unacknowledged"], count: true, view: "minimal", page: { size: 1 } }));
      if (outcome !== "unreachable" && outcome.status === "action-successful") setCount(outcome.data.count ?? 0);
    };
    ask();
    const timer = setInterval(() => ask(), every);
    const again = () => ask();
    document.addEventListener("visibilitychange", again);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", again);
      ask = () => {};
    };
  }, []);
  return count;
}
