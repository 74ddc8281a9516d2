/** Browsers give `navigator.clipboard` to pages of https and of the own machine alone: not to `http://192.168.1.5:8000`. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyFromField(text);
  }
}

function copyFromField(text: string): boolean {
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.className = "aloud";
  field.value = text;
  // Within an open dialog: what is outside of it cannot have the focus.
  (before?.parentElement ?? document.body).append(field);
  field.focus();
  field.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way where the clipboard is kept back
  const copied = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return copied;
}
