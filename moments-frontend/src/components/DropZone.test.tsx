import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { DropZone } from "./DropZone";

afterEach(cleanup);

const files = [new File(["hello"], "talk.mp4")];

it("takes files that are dropped or chosen, but none while there is a reason against it, which it says", () => {
  const onFiles = vi.fn();
  const { rerender } = render(<DropZone onFiles={onFiles}>here</DropZone>);
  fireEvent.drop(screen.getByText("here"), { dataTransfer: { files } });
  expect(onFiles).toHaveBeenCalledExactlyOnceWith(files);
  rerender(
    <DropZone onFiles={onFiles} problem="The options are wrong.">
      here
    </DropZone>,
  );
  // The browser itself must not open the file either.
  expect(fireEvent.drop(screen.getByText("here"), { dataTransfer: { files } })).toBe(false);
  fireEvent.change(screen.getByLabelText("Files to upload"), { target: { files } });
  expect(onFiles).toHaveBeenCalledOnce();
  expect(screen.getByText("The options are wrong.")).not.toBeNull();
  expect(screen.getByRole("button", { name: "Choose files" }).hasAttribute("disabled")).toBe(true);
});
