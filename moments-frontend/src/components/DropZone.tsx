import { Box, Button, Typography } from "@mui/material";
import { UploadCloud } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";

interface Props {
  onFiles: (files: readonly File[]) => void;
  /** Why no files can be taken now; null where they can. */
  problem?: string | null;
  children?: ReactNode;
  /** Shown beside the choice of files. */
  beside?: ReactNode;
}

/** Accepts files that are dropped anywhere on its content, or chosen. */
export function DropZone({ onFiles, problem = null, children, beside }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const take = (files: FileList | null) => {
    if (problem === null && files !== null && files.length > 0) onFiles([...files]);
  };
  return (
    <Box
      onDragOver={(event) => {
        event.preventDefault();
        setOver(problem === null);
      }}
      onDragLeave={() => {
        setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files);
      }}
      sx={{
        border: "1.5px dashed",
        borderColor: over ? "primary.main" : "divider",
        bgcolor: over ? "action.hover" : "background.paper",
        borderRadius: 1,
        p: { xs: 2, sm: 3 },
        transition: "border-color 120ms, background-color 120ms",
      }}
    >
      {children}
      <Box sx={{ display: "flex", alignItems: "center", gap: 1.5, mt: children === undefined ? 0 : 2, color: "text.secondary", flexWrap: "wrap" }}>
        <UploadCloud size={20} aria-hidden />
        <Typography variant="body2">{problem ?? "Or drop a video or an audio file here"}</Typography>
        <Button size="small" variant="outlined" disabled={problem !== null} onClick={() => input.current?.click()}>
          Choose files
        </Button>
        <input
          ref={input}
          type="file"
          multiple
          accept="video/*,audio/*,.mkv,.ts,.m2ts,.mts,.flv,.mpg,.vob,.wmv,.asf,.wma,.dv,.mxf,.aif,.aiff,.caf,.amr,.w64,.wv,.ape"
          aria-label="Files to upload"
          style={{ display: "none" }}
          onChange={(event) => {
            take(event.target.files);
            event.target.value = "";
          }}
        />
        {beside}
      </Box>
    </Box>
  );
}
