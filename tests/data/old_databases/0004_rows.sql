-- What version 4 added to that: the same run had been out of memory once.
UPDATE run SET memory_strikes = 1 WHERE id = 2;
