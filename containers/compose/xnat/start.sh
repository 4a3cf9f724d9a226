#!/usr/bin/env bash
# Write XNAT's configuration with the password of the database, which stands in a file, and start Tomcat.
set -euo pipefail
umask 077

# A database elsewhere is named by the environment (site.yml); the one of this compose project is the default.
url=${XNAT_DATABASE_URL:-jdbc:postgresql://database:5432/xnat}
address=${url#*//}
address=${address%%/*}

# PostgreSQL listens to others once it is set up. By bash alone, as the base image promises no client.
for attempt in $(seq 300); do
    if (exec 3<>"/dev/tcp/${address%:*}/${address##*:}") 2>/dev/null; then break; fi
    if [ "$attempt" -eq 300 ]; then
        echo "start: the database must answer at $address within 10 minutes; it does not. See its own log." >&2
        exit 1
    fi
    sleep 2
done

cat >"$XNAT_HOME/config/xnat-conf.properties" <<CONF
datasource.driver=org.postgresql.Driver
datasource.url=$url
datasource.username=${XNAT_DATABASE_USER:-xnat}
datasource.password=$(cat /run/secrets/database_password)
hibernate.dialect=org.hibernate.dialect.PostgreSQL9Dialect
hibernate.hbm2ddl.auto=update
hibernate.show_sql=false
hibernate.cache.use_second_level_cache=true
hibernate.cache.use_query_cache=true
CONF

umask 022 # what XNAT files has to be readable by the containers that it starts
exec catalina.sh run
