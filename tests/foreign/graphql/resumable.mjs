// What an application copies: a subscription that comes back where it was.
//
// It goes around a client of `graphql-ws` or `graphql-sse` (and so around what urql and Apollo are
// given), and needs two things of a subscription: a variable `after`, and a field `cursor` in what
// it answers. Both clients connect again by themselves, with the payload as it is then; so it is
// enough to keep `variables.after` up to date.
//
//   const client = resumable(createClient({ url, connectionParams }));
//
// Over events (`graphql-sse`) the end of a token is a last answer with the code UNAUTHENTICATED. The
// subscription is then asked for again, and the client asks its `headers` for another token.

export function resumable(client) {
  const subscribe = (payload, sink) => {
    const mine = { ...payload, variables: { ...payload.variables } };
    let dispose;
    let disposed = false;
    const begin = () => {
      let expired = false;
      dispose = client.subscribe(mine, {
        next(result) {
          expired = result.errors?.some((error) => error.extensions?.code === 'UNAUTHENTICATED') ?? false;
          if (expired) return;
          mine.variables.after = cursorOf(result.data) ?? mine.variables.after;
          sink.next(result);
        },
        error: (error) => sink.error(error),
        complete: () => (expired && !disposed ? begin() : sink.complete()),
      });
    };
    begin();
    return () => {
      disposed = true;
      dispose();
    };
  };
  return Object.assign(Object.create(client), { subscribe });
}

/** The cursor of a batch: that of the field which was subscribed to. */
export function cursorOf(data) {
  for (const value of Object.values(data ?? {})) {
    if (typeof value?.cursor === 'string') return value.cursor;
  }
  return undefined;
}
