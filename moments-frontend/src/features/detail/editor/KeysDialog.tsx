import { Dialog, DialogContent, DialogTitle, Table, TableBody, TableCell, TableRow } from "@mui/material";
import { onScreen } from "../player/Control";

const KEYS: readonly [string, string][] = [
  ["Space, K", "Play or pause"],
  ["J, L", "Back or on 5 seconds"],
  ["← →", "A frame back or on; with Shift a second"],
  ["<, >", "Slower or faster"],
  ["M", "Mute, or unmute"],
  ["C", "Captions on or off"],
  ["F", "Full screen, or back"],
  ["N, P", "Next or previous moment"],
  ["Enter", "Play the chosen moment"],
  ["I, O", "Its start or end to the playhead, at the nearest word; with Alt exactly there"],
  ["Shift+I, Shift+O", "In or out of a new moment at the playhead; I and O do the same while no moment is chosen"],
  ["+", "A new moment from in to out, or 30 s around the playhead"],
  ["Esc", "Lets go of the chosen moment, and of in and out"],
  ["T", "To the words; there Shift with arrows marks some from the playhead, with Ctrl a sentence"],
  ["Enter, there", "Makes a moment of the marked words"],
  ["S", "Split it at the playhead"],
  ["X", "Keep or reject it"],
  ["Delete", "Delete it"],
  ["Ctrl+Z", "Undo"],
  ["?", "These keys"],
];

/** Lists what each key does. */
export function KeysDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} container={onScreen} aria-labelledby="keys-title" maxWidth="xs">
      <DialogTitle id="keys-title">Keys</DialogTitle>
      <DialogContent tabIndex={0}>
        <Table size="small">
          <TableBody>
            {KEYS.map(([keys, what]) => (
              <TableRow key={keys}>
                <TableCell component="th" scope="row" sx={{ fontWeight: 600, whiteSpace: "nowrap" }}>
                  {keys}
                </TableCell>
                <TableCell>{what}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </DialogContent>
    </Dialog>
  );
}
