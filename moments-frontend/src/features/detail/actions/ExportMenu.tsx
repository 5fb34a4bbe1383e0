import { Divider, ListItemText, Menu, MenuItem } from "@mui/material";

const FORMATS: readonly [string, string, string][] = [
  ["zip", "Clips with captions", "zip"],
  ["chapters", "YouTube chapters", "txt"],
  ["srt", "Subtitles (SRT)", "srt"],
  ["vtt", "Subtitles (VTT)", "vtt"],
  ["edl", "Edit list (EDL, CMX 3600)", "edl"],
  ["fcpxml", "Final Cut Pro (FCPXML)", "fcpxml"],
  ["otio", "OpenTimelineIO", "otio"],
  ["csv", "Spreadsheet (CSV)", "csv"],
  ["json", "Everything (JSON)", "json"],
];

interface Props {
  anchor: HTMLElement;
  onClose: () => void;
  onChoose: (format: string, ending: string) => void;
}

/** The menu of export formats. */
export function ExportMenu({ anchor, onClose, onChoose }: Props) {
  return (
    <Menu anchorEl={anchor} open onClose={onClose}>
      {FORMATS.flatMap(([format, label, ending], index) => [
        <MenuItem key={format} onClick={() => onChoose(format, ending)}>
          <ListItemText>{label}</ListItemText>
        </MenuItem>,
        ...(index === 0 ? [<Divider key="line" />] : []),
      ])}
    </Menu>
  );
}
