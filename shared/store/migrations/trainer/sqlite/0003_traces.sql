-- JSON: the place in a trace (W3C Trace Context) at which the job was created, if there was one. A
-- job runs later, perhaps in another process, and its spans belong there.
ALTER TABLE jobs ADD COLUMN trace TEXT;
