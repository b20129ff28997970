/**
 * Asks again and again until the answer is not `undefined`; `undefined` after `timeoutMs`. For states that no event
 * announces. What `probe` throws goes through.
 */
export async function until<T>(
  probe: () => Promise<T | undefined>,
  timeoutMs: number,
  everyMs = 20,
): Promise<T | undefined> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined || Date.now() >= deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
