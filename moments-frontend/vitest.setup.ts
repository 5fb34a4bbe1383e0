import { configure } from "@testing-library/react";

// What a test waits for is sure to come; on a busy machine it may take longer than the second that the library gives it by itself.
configure({ asyncUtilTimeout: 120_000 });
