/** The development mailbox: gives a mail the height of its content, and loads the list again when a mail arrives. */
const frame = document.querySelector<HTMLIFrameElement>("#mail");

function fit(): void {
  const content = frame!.contentDocument?.documentElement;
  if (!content) return;
  frame!.style.height = "0"; // else the content is at least as high as the frame
  frame!.style.height = `${content.scrollHeight}px`;
}

if (frame) {
  frame.addEventListener("load", fit);
  addEventListener("resize", fit);
  fit();
}

const live = document.getElementById("live");

/** Asks for newer mails every two seconds, while the page is looked at. */
async function watch(newest: string): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    if (document.hidden) continue;
    try {
      const answer = await fetch(`/dev/mail.json?after=${newest}`);
      if (((await answer.json()) as unknown[]).length > 0) return location.reload();
    } catch {
      // The server is being started again. The next attempt may reach it.
    }
  }
}

if (live) {
  live.hidden = false;
  document.getElementById("reload")!.hidden = true;
  void watch(live.dataset.newest!);
}
