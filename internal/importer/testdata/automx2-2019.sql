-- The tables of the first automx2: no prio, no calendars, no signing.
CREATE TABLE provider (id INTEGER NOT NULL, name VARCHAR NOT NULL, short_name VARCHAR NOT NULL, PRIMARY KEY (id));
CREATE TABLE server (id INTEGER NOT NULL, name VARCHAR NOT NULL, port INTEGER NOT NULL, type VARCHAR NOT NULL, socket_type VARCHAR NOT NULL, user_name VARCHAR NOT NULL, authentication VARCHAR NOT NULL, PRIMARY KEY (id));
CREATE TABLE domain (id INTEGER NOT NULL, name VARCHAR NOT NULL, provider_id INTEGER NOT NULL, PRIMARY KEY (id), UNIQUE (name), FOREIGN KEY(provider_id) REFERENCES provider (id));
CREATE TABLE server_domain (server_id INTEGER NOT NULL, domain_id INTEGER NOT NULL, PRIMARY KEY (server_id, domain_id), FOREIGN KEY(server_id) REFERENCES server (id), FOREIGN KEY(domain_id) REFERENCES domain (id));
