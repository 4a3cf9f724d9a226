#!/usr/bin/env bash
# Write XNAT's configuration with the password of the database, which stands in a file, and start Tomcat.
set -euo pipefail
umask 077

cat >"$XNAT_HOME/config/xnat-conf.properties" <<CONF
datasource.driver=org.postgresql.Driver
datasource.url=jdbc:postgresql://database/xnat
datasource.username=xnat
datasource.password=$(cat /run/secrets/database_password)
hibernate.dialect=org.hibernate.dialect.PostgreSQL9Dialect
hibernate.hbm2ddl.auto=update
hibernate.show_sql=false
hibernate.cache.use_second_level_cache=true
hibernate.cache.use_query_cache=true
CONF

umask 022 # what XNAT files has to be readable by the containers that it starts
exec catalina.sh run
