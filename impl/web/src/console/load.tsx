import type { CallOptions, Outcome } from "planoauth";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Answer } from "../api";
import { Refusal } from "../ui/refusal";
import { withSession } from "../ui/signed-in";
import { text } from "./texts";

/** The data of the outcomes that have any. */
type DataOf<Result> = Result extends { status: "action-successful"; data: infer Data } ? Data : never;

/** What a call loads. */
export interface Loaded<Data> {
  /** What was loaded; what was loaded before, while it is loaded anew. */
  data: Data | undefined;
  /** Why nothing could be loaded. */
  refusal: Answer | null;
  busy: boolean;
  reload(): void;
  /** Shows data that an operation has answered with. */
  set(data: Data): void;
}

/** Loads what a call answers, anew when one of the dependencies changes. */
export function useLoaded<Result extends Outcome>(call: (options: CallOptions) => Promise<Result>, dependencies: unknown[]): Loaded<DataOf<Result>> {
  const [state, setState] = useState<{ data?: DataOf<Result>; refusal: Answer | null; busy: boolean }>({ refusal: null, busy: true });
  const running = useRef<AbortController | undefined>(undefined);

  async function load() {
    running.current?.abort();
    const { signal } = (running.current = new AbortController());
    setState((before) => ({ ...before, busy: true }));
    try {
      const outcome = await withSession(() => call({ signal }));
      if (signal.aborted) return;
      if (outcome !== "unreachable" && outcome.status === "action-successful") {
        setState({ data: (outcome as unknown as { data: DataOf<Result> }).data, refusal: null, busy: false });
      } else {
        setState((before) => ({ ...before, refusal: outcome, busy: false }));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  useEffect(() => {
    void load();
    return () => running.current?.abort();
  }, dependencies);
  return { ...state, data: state.data, reload: () => void load(), set: (data) => setState({ data, refusal: null, busy: false }) };
}

/** Makes a call that changes something, and then shows what it answered. Null means that it worked. */
export async function change<Result extends Outcome>(call: () => Promise<Result>, then?: (data: DataOf<Result>) => void): Promise<Answer | null> {
  const outcome = await withSession(call);
  if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
  then?.((outcome as unknown as { data: DataOf<Result> }).data);
  return null;
}

/** Shows what was loaded, or why it could not be. */
export function Load<Data>({ of, children }: { of: Loaded<Data>; children: (data: Data) => ComponentChildren }) {
  return (
    <>
      <Refusal answer={of.refusal} />
      {of.refusal && (
        <p>
          <button type="button" class="button plain small" onClick={of.reload}>
            {text.again}
          </button>
        </p>
      )}
      {of.data !== undefined ? children(of.data) : of.busy && <Waiting />}
    </>
  );
}

/** Says that something is on its way. */
export function Waiting() {
  return (
    <p class="waiting" role="status">
      {text.loading}
    </p>
  );
}
