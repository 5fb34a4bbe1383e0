import { useMutation, type UseMutationOptions, type UseMutationResult } from "@tanstack/react-query";
import { useCallback } from "react";
import type { ApiError } from "./client";

interface Told<TData> {
  onSuccess?: ((data: TData) => void) | undefined;
  onError?: ((error: ApiError) => void) | undefined;
  onSettled?: (() => void) | undefined;
}

/** Each state of the union by itself, so that `isSuccess` still says that there is `data`. */
type Without<TState, TName extends PropertyKey> = TState extends unknown ? Omit<TState, TName> : never;

type Action<TData, TVariables, TBefore> = Without<UseMutationResult<TData, ApiError, TVariables, TBefore>, "mutate"> & {
  mutate: (variables: TVariables, told?: Told<TData>) => void;
};

/**
 * A mutation whose caller hears its end even when what called it has left the page meanwhile: a card that a dismissal takes off its list,
 * an Undo pressed after its page was left. `useMutation`'s own `mutate` forgets the callbacks of who is no longer shown.
 */
export function useAction<TData, TVariables = void, TBefore = unknown>(options: UseMutationOptions<TData, ApiError, TVariables, TBefore>): Action<TData, TVariables, TBefore> {
  const mutation = useMutation(options);
  const { mutateAsync } = mutation;
  const mutate = useCallback(
    (variables: TVariables, { onSuccess, onError, onSettled }: Told<TData> = {}) => {
      void mutateAsync(variables)
        .then(onSuccess, onError ?? (() => undefined))
        .finally(onSettled);
    },
    [mutateAsync],
  );
  return { ...mutation, mutate };
}
