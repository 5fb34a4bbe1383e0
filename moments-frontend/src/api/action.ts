import { useMutation, type UseMutationOptions, type UseMutationResult } from "@tanstack/react-query";
import { useCallback } from "react";
import type { ApiError } from "./client";

interface Told<TData> {
  onSuccess?: ((data: TData) => void) | undefined;
  onError?: ((error: ApiError) => void) | undefined;
  onSettled?: (() => void) | undefined;
}

/** Omits a field from each state of the union separately, so that `isSuccess` still implies that there is `data`. */
type Without<TState, TName extends PropertyKey> = TState extends unknown ? Omit<TState, TName> : never;

type Action<TData, TVariables, TBefore> = Without<UseMutationResult<TData, ApiError, TVariables, TBefore>, "mutate"> & {
  mutate: (variables: TVariables, told?: Told<TData>) => void;
};

/**
 * Returns a mutation that calls its caller's callbacks even when the caller is no longer shown: a card that a dismissal removes from its
 * list, an Undo pressed after its page was left. `useMutation`'s own `mutate` drops the callbacks of unmounted components.
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
