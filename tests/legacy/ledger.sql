PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE run (
  id INTEGER PRIMARY KEY, at REAL, server TEXT, login TEXT, project TEXT, what TEXT, steps TEXT,
  settings TEXT, in_flight INTEGER, forced INTEGER, baseline INTEGER);
INSERT INTO run VALUES(1,1795904373.9320070743,'http://127.0.0.1:37041','admin','OWN','prepare','["convert", "bias-field", "normalise", "report"]','{}',4,0,0);
CREATE TABLE item (
  id INTEGER PRIMARY KEY, run INTEGER REFERENCES run, session TEXT, label TEXT, xsi_type TEXT,
  UNIQUE (run, session));
INSERT INTO item VALUES(1,1,'SARCOMA_E8A5BF74728','P01_20200102_MR','xnat:mrSessionData');
CREATE TABLE event (
  id INTEGER PRIMARY KEY, at REAL, run INTEGER REFERENCES run, item INTEGER REFERENCES item, step TEXT,
  attempt INTEGER, state TEXT, workflow TEXT, status TEXT, reason TEXT, hint TEXT);
INSERT INTO event VALUES(1,1795904373.9867126941,1,1,'convert',1,'intended','','','','');
INSERT INTO event VALUES(2,1795904374.0165605545,1,1,'convert',1,'launched','1','','','');
INSERT INTO event VALUES(3,1795904374.2305078506,1,1,'convert',1,'running','1','Running','','');
INSERT INTO event VALUES(4,1795904375.9196584224,1,1,'convert',1,'complete','1','','','');
INSERT INTO event VALUES(5,1795904375.9282097816,1,1,'bias-field',1,'intended','','','','');
INSERT INTO event VALUES(6,1795904375.9681913852,1,1,'bias-field',1,'launched','2','','','');
INSERT INTO event VALUES(7,1795904376.1727061271,1,1,'bias-field',1,'running','2','Running','','');
INSERT INTO event VALUES(8,1795904378.8547742366,1,1,'bias-field',1,'complete','2','','','');
INSERT INTO event VALUES(9,1795904378.8746018409,1,1,'normalise',1,'intended','','','','');
INSERT INTO event VALUES(10,1795904378.9049592017,1,1,'normalise',1,'launched','3','','','');
INSERT INTO event VALUES(11,1795904379.110715866,1,1,'normalise',1,'running','3','Running','','');
INSERT INTO event VALUES(12,1795904380.7836704253,1,1,'normalise',1,'complete','3','','','');
INSERT INTO event VALUES(13,1795904380.7976410389,1,1,'report',1,'intended','','','','');
INSERT INTO event VALUES(14,1795904380.9113013744,1,1,'report',1,'launched','4','','','');
INSERT INTO event VALUES(15,1795904381.1242570877,1,1,'report',1,'running','4','Running','','');
INSERT INTO event VALUES(16,1795904382.7731335162,1,1,'report',1,'complete','4','','','');
CREATE INDEX event_of_item ON event (item, id);
CREATE INDEX item_of_session ON item (session);
CREATE VIEW present AS
  SELECT item.id AS item, item.run, item.session, item.label, item.xsi_type, event.at, event.step,
         event.attempt, event.state, event.workflow, event.status, event.reason, event.hint
  FROM item LEFT JOIN event ON event.id = (SELECT max(id) FROM event WHERE event.item = item.id);
CREATE TRIGGER run_is_never_updated BEFORE update ON run
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER run_is_never_deleted BEFORE delete ON run
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER item_is_never_updated BEFORE update ON item
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER item_is_never_deleted BEFORE delete ON item
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER event_is_never_updated BEFORE update ON event
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER event_is_never_deleted BEFORE delete ON event
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
COMMIT;
